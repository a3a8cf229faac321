import { type ComponentChildren, toChildArray } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** A button that opens a list of links or buttons. Escape, a choice and a click elsewhere close it. */
export function Menu({ title, children }: { title: string; children: ComponentChildren }) {
  const details = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (details.current) details.current.open = false;
  };
  useEffect(() => {
    const elsewhere = ({ target }: Event) => {
      if (!details.current?.contains(target as Node)) close();
    };
    const onEscape = ({ key }: KeyboardEvent) => {
      if (key !== 'Escape' || !details.current?.open) return;
      close();
      details.current.querySelector('summary')?.focus();
    };
    document.addEventListener('click', elsewhere);
    document.addEventListener('focusin', elsewhere);
    document.addEventListener('keydown', onEscape);
    return () => {
      document.removeEventListener('click', elsewhere);
      document.removeEventListener('focusin', elsewhere);
      document.removeEventListener('keydown', onEscape);
    };
  }, []);
  return (
    <details class="menu" ref={details}>
      <summary class="button">{title}</summary>
      <ul>
        {toChildArray(children).map((item, i) => (
          <li key={i} onClickCapture={() => setTimeout(close)}>
            {item}
          </li>
        ))}
      </ul>
    </details>
  );
}
