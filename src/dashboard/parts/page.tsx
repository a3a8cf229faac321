import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

interface Props {
  title: string;
  /** Beside the title: what the page lets one do. */
  actions?: ComponentChildren;
  /** Above the title: where one is, as links. */
  above?: ComponentChildren;
  children?: ComponentChildren;
}

/** A page: its title, which the browser's tab shows too, and its content. */
export function Page({ title, actions, above, children }: Props) {
  useEffect(() => {
    document.title = `${title} · metadescent`;
  }, [title]);
  return (
    <div class="page">
      {above && <div class="above">{above}</div>}
      <div class="title">
        <h1>{title}</h1>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}
