import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

/** Scrolls what is wider than its place, such as a table; while it is wider, the keyboard can scroll it too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    const { current } = box;
    if (!current) return;
    const observer = new ResizeObserver(() => {
      if (current.scrollWidth > current.clientWidth) current.tabIndex = 0;
      else current.removeAttribute('tabindex');
    });
    observer.observe(current);
    if (current.firstElementChild) observer.observe(current.firstElementChild);
    return () => observer.disconnect();
  }, []);
  return (
    <section class="scroll" aria-label={label} ref={box}>
      {children}
    </section>
  );
}
