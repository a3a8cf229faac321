import { Fragment } from 'preact';

/** A field's path in a document, with a place to break after each part. @param pointer a JSON Pointer */
export function FieldName({ pointer }: { pointer: string }) {
  const [first, ...others] = pointer.slice(1).split('/');
  return (
    <code>
      {first}
      {others.map((part, i) => (
        <Fragment key={i}>
          .<wbr />
          {part}
        </Fragment>
      ))}
    </code>
  );
}
