import { useSignal } from '@preact/signals';

/** Lines to copy. */
export function Code({ children, label }: { children: string; label: string }) {
  const copied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard.writeText(children);
    copied.value = true;
    setTimeout(() => {
      copied.value = false;
    }, 2000);
  };
  return (
    <figure class="code">
      <figcaption>
        <span>{label}</span>
        {/* Browsers have it on this machine and over HTTPS only. */}
        {'clipboard' in navigator && (
          <button type="button" class="button plain" onClick={copy}>
            {copied.value ? 'Copied' : 'Copy'}
          </button>
        )}
      </figcaption>
      <pre>
        <code>{children}</code>
      </pre>
    </figure>
  );
}
