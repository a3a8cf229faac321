import { Empty } from '../../parts/empty.js';
import { addresses } from '../../service/addresses.js';

/** Jobs that the form is filled in with, by their names in its address. */
const examples = [
  ['seed', 'Seed', 'Learns to minimise parabolas of ten dimensions. Takes seconds.'],
  ['quadratic', 'Quadratics', 'The paper’s first experiment: random quadratic functions. Takes a minute.'],
  ['digits', 'Digits', 'Learns to train a small network that reads handwritten digits. Takes two minutes.'],
  ['transfer', 'Transfer', 'Evaluates a trained optimizer on a problem that it has never seen.'],
] as const;

/** The list before there is a job. */
export function FirstSteps() {
  return (
    <Empty title="No jobs yet">
      <p>
        A job trains a small network that optimises other functions, step by step, and then compares it with
        hand-designed optimizers. Begin with an example: the form opens filled in, and every field says what it does.
      </p>
      <ul class="choices">
        {examples.map(([name, title, text]) => (
          <li key={name}>
            <a href={addresses.newJob({ example: name })}>
              <strong>{title}</strong>
              <span>{text}</span>
            </a>
          </li>
        ))}
      </ul>
      <p class="faint">
        Or start from <a href={addresses.newJob()}>an empty form</a>, from a terminal with{' '}
        <code>metadescent submit</code>, or with <a href="/docs">the API</a>.
      </p>
    </Empty>
  );
}
