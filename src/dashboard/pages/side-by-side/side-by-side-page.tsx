import { Page } from '../../parts/page.js';

export function SideBySidePage() {
  return <Page title="Side by side" />;
}
