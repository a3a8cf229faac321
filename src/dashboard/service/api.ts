import { Client } from '../../client/client.js';
import { request } from '../../client/http.js';
import type { JobSummaryList } from '../../contract/lists.js';
import type { Asked, JobsQuery } from '../../contract/queries.js';

/** The service that this page comes from. */
export const api = new Client(location.origin);

/** A page of the list of jobs, newest first, without their documents. @throws ApiError */
export async function listSummaries(query: Asked<Omit<JobsQuery, 'fields'>>): Promise<JobSummaryList> {
  const url = api.url('jobs');
  for (const [name, value] of Object.entries({ ...query, fields: 'summary' }))
    if (value !== undefined) url.searchParams.set(name, String(value));
  const response = await request(url);
  return (await response.json()) as JobSummaryList;
}
