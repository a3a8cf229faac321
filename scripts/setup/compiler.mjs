import { installPackages, onPath } from './packages.mjs';

/** The C++ compiler that CXX names, or the path of one on the PATH, or null. */
export function findCompiler() {
  if (process.env.CXX) return process.env.CXX;
  const found = ['g++', 'clang++', 'c++'].map(onPath).find((path) => path !== null);
  return found ?? null;
}

/** Installs one if it can. Without one, the step "native engine" says what that means. */
export function installCompiler(run) {
  const packages = { 'apt-get': [['g++']], dnf: [['gcc-c++']], apk: [['g++']] };
  return installPackages(run, packages, findCompiler);
}
