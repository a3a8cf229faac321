import { Fragment } from 'preact';
import type { RegisteredOptimizer } from '../../../contract/registry.js';
import { formatBytes, formatCount, formatTime } from '../../../figures/numbers.js';
import { Scroll } from '../../parts/scroll.js';
import { StateBadge } from '../../parts/state-badge.js';
import { WeightsUse } from '../../parts/weights.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { useResource } from '../../service/resource.js';
import { standings } from './standing.js';
import { describeNetwork, describeProblem, describeTraining, nameOf, weightsPath } from './words.js';

/** A version: where it comes from, how it did, how to use it. */
export function Details({ optimizer }: { optimizer: RegisteredOptimizer }) {
  const { name, version, job, createdAt, weights, size, sha256, provenance } = optimizer;
  return (
    <>
      <section class="section">
        <h2>Where it comes from</h2>
        <dl class="facts">
          <dt>Registered</dt>
          <dd>{formatTime(createdAt)}</dd>
          <dt>From</dt>
          <dd>{job === null ? 'an uploaded file' : <a href={addresses.job(job)}>{job}</a>}</dd>
          <dt>Trained on</dt>
          <dd>{describeProblem(provenance)}</dd>
          <dt>Network</dt>
          <dd>
            {describeNetwork(optimizer.optimizer)}; {formatCount(weights)} weights, {formatBytes(size)}
          </dd>
          {describeTraining(provenance).map(([title, value]) => (
            <Fragment key={title}>
              <dt>{title}</dt>
              <dd>{value}</dd>
            </Fragment>
          ))}
          <dt>SHA-256</dt>
          <dd>
            <code>{sha256}</code>
          </dd>
        </dl>
      </section>
      <HowItDid optimizer={optimizer} />
      <section class="section">
        <h2>Use it</h2>
        <WeightsUse
          path={weightsPath(optimizer)}
          name={`${name}-${version}`}
          argument={nameOf(optimizer)}
          reference={`{ name: ${name}, version: ${version} }`}
          optimizer={optimizer.optimizer}
        />
      </section>
    </>
  );
}

/** Jobs among which the page looks for comparisons. */
const recent = 200;

function HowItDid({ optimizer }: { optimizer: RegisteredOptimizer }) {
  const name = nameOf(optimizer);
  const { job } = optimizer;
  // The job may have been deleted, or may not compare.
  const own = useResource(`results of ${job}`, async () => (job === null ? null : api.results(job).catch(() => null)));
  const comparisons = useResource(`comparisons of ${name}`, async () => {
    const { jobs } = await api.jobSummaries({ limit: recent });
    return jobs.filter((each) => each.kind === 'compare' && each.optimizer === name);
  });
  const rows = own.value.value ? standings(own.value.value) : [];
  const others = comparisons.value.value ?? [];
  return (
    <section class="section">
      <h2>How it did</h2>
      {rows.length > 0 && (
        <>
          <p class="faint">
            In its own <a href={addresses.comparison(job!)}>comparison</a>: means over functions that it was not trained
            on, with 95 % intervals.
          </p>
          <Scroll label="Results">
            <table class="table results">
              <thead>
                <tr>
                  <th scope="col">Measure</th>
                  <th scope="col" class="number">
                    Learned
                  </th>
                  <th scope="col">Best hand-designed</th>
                  <th scope="col" class="number">
                    Its loss
                  </th>
                  <th scope="col" class="number">
                    Better on
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map(({ measure, learned, interval, best, wins }) => (
                  <tr key={measure}>
                    <th scope="row">{measure}</th>
                    <td class="number">
                      {learned}
                      <small>{interval}</small>
                    </td>
                    <td>{best?.label ?? 'none beats standing still'}</td>
                    <td class="number">
                      {best?.mean ?? '–'}
                      <small>{best?.interval}</small>
                    </td>
                    <td class="number">{wins}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </>
      )}
      {rows.length === 0 && (
        <p class="faint">
          {job === null
            ? 'It came as a file, without the comparison of its training.'
            : 'Its job made no comparison, or was deleted.'}
        </p>
      )}
      {others.length > 0 && (
        <Scroll label="Comparisons">
          <table class="table results">
            <caption>Comparisons of it among the newest jobs</caption>
            <thead>
              <tr>
                <th scope="col">Job</th>
                <th scope="col">Problem</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {others.map(({ id, title, problem, state }) => (
                <tr key={id}>
                  <th scope="row">
                    <a href={state === 'succeeded' ? addresses.comparison(id) : addresses.job(id)}>{title ?? id}</a>
                  </th>
                  <td>{problem}</td>
                  <td>
                    <StateBadge state={state} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}
