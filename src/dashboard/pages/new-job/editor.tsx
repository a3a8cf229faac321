import { useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { ApiError } from '../../../contract/errors.js';
import { noErrors, placeErrors } from '../../forms/errors.js';
import type { VariantsField } from '../../forms/field.js';
import { FormContext, type FormState, type Suggestion } from '../../forms/form-state.js';
import { lineOf } from '../../forms/text.js';
import { addresses } from '../../service/addresses.js';
import { api } from '../../service/api.js';
import { online } from '../../service/feed.js';
import { ChangesPane } from './changes-pane.js';
import { Check } from './check.js';
import { DocumentPane } from './document-pane.js';
import { Draft } from './draft.js';
import { JobForm } from './job-form.js';
import { keep, readKept } from './kept.js';
import { PlanPane } from './plan-pane.js';
import { revealField, revealLine } from './reveal.js';
import { type Start, trainedJobs } from './starts.js';
import { Submission } from './submission.js';

/** @param name what the draft began with; it is kept under that name */
export function Editor({ name, field, start }: { name: string; field: VariantsField; start: Start }) {
  const { route } = useLocation();
  const begun = { text: start.text, format: 'yaml' } as const;
  const draft = useMemo(() => new Draft(field, readKept(name) ?? begun), []);
  const check = useMemo(() => new Check((document, signal) => api.dryRun(document, { signal })), []);
  const submission = useMemo(
    () => new Submission((document, idempotencyKey) => api.create(document, { idempotencyKey })),
    [],
  );
  const text = useRef<HTMLTextAreaElement>(null);
  const suggestions = useSuggestions();

  useEffect(() => () => check.stop(), []);
  useSignalEffect(() => {
    // After an outage the service is asked again.
    if (online.value && isOutage(check)) check.forget();
    check.follow(draft.sent);
  });
  useSignalEffect(() => {
    const { state } = draft;
    keep(name, state.text === start.text && state.format === 'yaml' ? null : state);
  });

  const submit = async () => {
    if (draft.fault || submission.isBusy.value) return;
    try {
      const { id } = await submission.send(draft.sent);
      keep(name, null);
      route(addresses.job(id));
    } catch (error) {
      check.refuse(error);
    }
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void submit();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  const checked = check.checked.value;
  const { verdict } = checked;
  const document_ = draft.document.value;
  const found = verdict.state === 'refused' && verdict.error instanceof ApiError ? verdict.error.errors : [];
  const errors = found.length > 0 ? placeErrors(found, field, document_) : noErrors;
  const form: FormState = { change: (path, value) => draft.change(path, value), errors, suggestions };
  const reveal = (pointer: string) => {
    if (!revealField(pointer)) revealLine(text.current, lineOf(draft.state.text, pointer));
  };
  return (
    <FormContext.Provider value={form}>
      <div class="new-job">
        <JobForm field={field} document={document_} />
        <div class="beside">
          <DocumentPane draft={draft} start={start.text} input={text} />
          {start.original && <ChangesPane original={start.original} document={document_} field={field} />}
          <PlanPane
            checked={checked}
            errors={errors}
            isBroken={draft.fault !== null}
            isSending={submission.isBusy.value}
            onSubmit={() => void submit()}
            onReveal={reveal}
          />
        </div>
      </div>
    </FormContext.Provider>
  );
}

function isOutage(check: Check): boolean {
  const { verdict } = check.checked.peek();
  return verdict.state === 'refused' && verdict.error instanceof ApiError && verdict.error.code === 'unavailable';
}

/** Trained optimizers to choose from, where a comparison names one. */
function useSuggestions(): FormState['suggestions'] {
  const [suggestions, setSuggestions] = useState<FormState['suggestions']>({});
  useEffect(() => {
    let isHere = true;
    suggest().then((found) => isHere && setSuggestions(found));
    return () => {
      isHere = false;
    };
  }, []);
  return suggestions;
}

async function suggest(): Promise<Record<string, Suggestion[]>> {
  // Without them, one types.
  const [jobs, { optimizers }] = await Promise.all([
    trainedJobs().catch(() => []),
    api.optimizers({ limit: 50 }).catch(() => ({ optimizers: [] })),
  ]);
  const names = [...new Set(optimizers.map(({ name }) => name))];
  return {
    '/optimizer/job': jobs.map(({ id, spec }) => ({ value: id, label: spec.title ?? spec.problem.name })),
    '/optimizer/name': names.map((name) => ({ value: name, label: '' })),
  };
}
