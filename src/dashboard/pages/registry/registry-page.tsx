import { Page } from '../../parts/page.js';

export function RegistryPage() {
  return <Page title="Optimizers" />;
}
