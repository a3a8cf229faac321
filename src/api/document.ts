import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { TSchema } from 'typebox';
import { Catalogue, CatalogueEntry } from '../contract/catalogue.js';
import { ComparisonSpec, TuningSpec } from '../contract/comparison.js';
import { DryRun } from '../contract/dry-run.js';
import { ErrorDocument, FieldError } from '../contract/errors.js';
import { EstimatorSpec } from '../contract/estimators.js';
import { EngineInfo, JobEvent, JobFailure, JobState } from '../contract/events.js';
import { Job } from '../contract/job.js';
import { JobSummary, Sparkline } from '../contract/job-summary.js';
import { ArtifactList, JobChanges, JobList, JobSummaryList, OptimizerList } from '../contract/lists.js';
import { LossSeries } from '../contract/losses.js';
import { PreprocessSpec } from '../contract/networks/lstm.js';
import {
  BaselineSpec,
  ConjugateGradientsSpec,
  GroupRule,
  GroupSpec,
  LearnedSpec,
  RuleSpec,
} from '../contract/optimizers.js';
import { ProblemSpec } from '../contract/problems.js';
import { Provenance } from '../contract/provenance.js';
import { RegisteredOptimizer, RegisterRequest } from '../contract/registry.js';
import { ComparisonResults, ComponentResult, Estimate, OptimizerResult, TuningResult } from '../contract/results.js';
import { WireNumber } from '../contract/schema.js';
import { EngineSpec, JobSpec } from '../contract/spec.js';
import { TrainedOptimizerRef } from '../contract/trained.js';
import {
  ImitationSpec,
  InnerUse,
  ScheduleSpec,
  StageSpec,
  TrainingSpec,
  ValidationSpec,
} from '../contract/training.js';
import { StepSchedule } from '../contract/use.js';
import { version } from '../version.js';
import { referComponents } from './components.js';
import { examples } from './examples.js';
import { Health } from './schemas.js';

interface UnionVariant {
  readonly properties: Readonly<Record<string, { readonly const?: string }>>;
}

/** The variants of a union, each named after its tag: "sgd" of `Rule` is `RuleSgd`. */
function variants(prefix: string, union: TSchema): Record<string, TSchema> {
  const { discriminator, oneOf } = union as unknown as {
    discriminator: { propertyName: string };
    oneOf: (UnionVariant & TSchema)[];
  };
  return Object.fromEntries(
    oneOf.map((variant) => {
      const tag = variant.properties[discriminator.propertyName]?.const ?? '';
      return [prefix + tag.replace(/(^|-)(\w)/g, (_match, _dash, letter: string) => letter.toUpperCase()), variant];
    }),
  );
}

/** The schemas with a name in the document, which refers to them wherever they are used. */
const namedSchemas = (): Record<string, TSchema> => ({
  ArtifactList,
  BaselineSpec,
  ConjugateGradientsSpec,
  Catalogue,
  CatalogueEntry,
  ComparisonResults,
  ComponentResult,
  ComparisonSpec,
  DryRun,
  EngineInfo,
  EngineSpec,
  Estimate,
  FieldError,
  ...variants('GroupRule', GroupRule),
  GroupSpec,
  Health,
  ImitationSpec,
  Job,
  JobChanges,
  JobEvent,
  ...variants('JobEvent', JobEvent),
  JobFailure,
  JobList,
  JobSpec,
  ...variants('JobSpec', JobSpec),
  JobState,
  JobSummary,
  JobSummaryList,
  LearnedSpec,
  ...variants('LearnedSpec', LearnedSpec),
  LossSeries,
  OptimizerList,
  OptimizerResult,
  PreprocessSpec,
  ...variants('PreprocessSpec', PreprocessSpec),
  ApiError: ErrorDocument,
  ProblemSpec,
  ...variants('ProblemSpec', ProblemSpec),
  Provenance,
  RegisteredOptimizer,
  RegisterRequest,
  ...variants('RuleSpec', RuleSpec),
  ScheduleSpec,
  ...variants('ScheduleSpec', ScheduleSpec),
  StepSchedule,
  ...variants('StepSchedule', StepSchedule),
  EstimatorSpec,
  ...variants('EstimatorSpec', EstimatorSpec),
  InnerUse,
  Sparkline,
  StageSpec,
  TrainedOptimizerRef,
  TrainingSpec,
  TuningResult,
  TuningSpec,
  ValidationSpec,
  WireNumber,
});

/** How @fastify/swagger makes the OpenAPI document from the routes, with the problems known at this time. */
export const documentOptions = (): FastifyDynamicSwaggerOptions => ({
  mode: 'dynamic',
  convertConstToEnum: false,
  openapi: {
    openapi: '3.1.0',
    // The service that serves the document, under any name.
    servers: [{ url: '/' }],
    info: {
      title: 'metadescent',
      version: version(),
      summary: 'Train, compare and serve learned optimizers.',
      description:
        'Errors are problem documents (RFC 9457) with a stable `code`. Unknown fields and query parameters are errors, and nothing is coerced. JSON has no NaN: non-finite numbers are the strings "NaN", "Infinity" and "-Infinity".',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [
      { name: 'jobs', description: 'Meta-training and comparisons.' },
      { name: 'events', description: 'The live events of a job.' },
      { name: 'results', description: 'The results and files of a job.' },
      { name: 'optimizers', description: 'The registry of trained optimizers.' },
      { name: 'service', description: 'The service itself.' },
    ],
    // The types of @fastify/swagger lack the JSON Schema keywords that OpenAPI 3.1 allows.
    components: { schemas: namedSchemas() as Record<string, object> },
  },
  transformObject: (documents) => {
    if (!('openapiObject' in documents)) throw new Error('not an OpenAPI document');
    return referComponents(documents.openapiObject, examples);
  },
});
