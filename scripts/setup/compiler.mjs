import { installPackages, onPath } from './packages.mjs';

/** What there is, in words: the C++ compiler that CXX names, or one on the PATH. */
export function findCompiler() {
  if (process.env.CXX) return process.env.CXX;
  const found = ['g++', 'clang++', 'c++'].map(onPath).find((path) => path !== null);
  return found ?? null;
}

/** Installs one where that may be done from here. Without one, the native engine's own step says what that means. */
export function installCompiler(run) {
  const packages = { 'apt-get': [['g++']], dnf: [['gcc-c++']], apk: [['g++']] };
  return installPackages(run, packages, findCompiler);
}
