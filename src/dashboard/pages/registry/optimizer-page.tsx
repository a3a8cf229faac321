import { Page } from '../../parts/page.js';

export function OptimizerPage() {
  return <Page title="Optimizer" />;
}
