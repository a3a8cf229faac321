import { isNetworkSpec, networkContract } from '../../contract/networks/networks.js';
import type { LearnedSpec } from '../../contract/optimizers.js';
import { Code } from './code.js';
import { Menu } from './menu.js';

const formats = [
  ['safetensors', 'safetensors'],
  ['npz', 'NumPy’s npz'],
  ['json', 'JSON'],
] as const;

/** The formats in which weights can be had. @param path of the weights in the API, such as /jobs/ID/weights */
export function WeightsMenu({ path }: { path: string }) {
  return (
    <Menu title="Download weights">
      {formats.map(([format, title]) => (
        <a key={format} href={`${path}?format=${format}`} download>
          {title}
        </a>
      ))}
    </Menu>
  );
}

interface UseProps {
  path: string;
  /** Of the file, without its ending. */
  name: string;
  /** How the command line and documents name these weights. */
  argument: string;
  reference: string;
  optimizer: LearnedSpec;
}

/** The lines with which weights are used elsewhere. */
export function WeightsUse({ path, name, argument, reference, optimizer }: UseProps) {
  const file = `${name}.safetensors`;
  const inExample = isNetworkSpec(optimizer) && networkContract(optimizer).inExample(optimizer);
  return (
    <div class="stack">
      <Code label="Download">{`curl -o ${file} ${location.origin}${path}`}</Code>
      {inExample ? (
        <Code label="Python, with examples/apply.py of the repository: only NumPy is needed">
          {`from apply import load

optimizer = load("${file}")
state = optimizer.init(shapes)  # of the tensors in theta
for _ in range(20):
    update, state = optimizer.update(gradient(theta), state, theta)
    theta = theta + optimizer.usual_rate * update`}
        </Code>
      ) : (
        <p class="faint">
          examples/apply.py runs coordinatewise LSTMs and MLPs only; docs/weights-format.md specifies the operations of
          this one.
        </p>
      )}
      <Code label="Compare it from a terminal">{`npx metadescent compare ${argument} --problem quadratic${server()}`}</Code>
      <Code label="In a job’s document">{`kind: compare
optimizer: ${reference}
problem:
  name: quadratic`}</Code>
    </div>
  );
}

/** The option that names this page's service, unless it is the one that the command takes by default. */
function server(): string {
  const { origin } = location;
  return origin === 'http://127.0.0.1:7878' ? '' : ` --server ${origin}`;
}
