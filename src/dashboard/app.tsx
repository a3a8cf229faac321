import type { AnyComponent, ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ErrorBoundary, LocationProvider, lazy, Route, Router, useLocation } from 'preact-iso';
import { Page } from './parts/page.js';
import { addresses } from './service/addresses.js';
import { online } from './service/feed.js';

/** A page that is fetched when it is first shown. */
function page(load: () => Promise<AnyComponent>) {
  return lazy(() => load().catch(() => NotLoaded));
}

const JobsPage = page(async () => (await import('./pages/jobs/jobs-page.js')).JobsPage);
const NewJobPage = page(async () => (await import('./pages/new-job/new-job-page.js')).NewJobPage);
const JobPage = page(async () => (await import('./pages/job/job-page.js')).JobPage);
const ComparisonPage = page(async () => (await import('./pages/comparison/comparison-page.js')).ComparisonPage);
const SideBySidePage = page(async () => (await import('./pages/side-by-side/side-by-side-page.js')).SideBySidePage);
const RegistryPage = page(async () => (await import('./pages/registry/registry-page.js')).RegistryPage);
const OptimizerPage = page(async () => (await import('./pages/registry/optimizer-page.js')).OptimizerPage);

/** The page around all pages. Links outside /ui are the browser's. */
export function App() {
  return (
    <LocationProvider scope={/^\/ui(?=[/?]|$)/}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <Main>
        <ErrorBoundary>
          <Router>
            <Route path="/ui" component={JobsPage} />
            <Route path="/ui/new" component={NewJobPage} />
            <Route path="/ui/jobs/:id" component={JobPage} />
            <Route path="/ui/jobs/:id/comparison" component={ComparisonPage} />
            <Route path="/ui/side-by-side" component={SideBySidePage} />
            <Route path="/ui/optimizers" component={RegistryPage} />
            <Route path="/ui/optimizers/:name" component={OptimizerPage} />
            <Route default component={NotFound} />
          </Router>
        </ErrorBoundary>
      </Main>
    </LocationProvider>
  );
}

function Header() {
  const { path } = useLocation();
  const link = (href: string, title: string, here: boolean) => (
    <a href={href} aria-current={here ? 'page' : undefined}>
      {title}
    </a>
  );
  return (
    <header class="masthead">
      <a class="wordmark" href={addresses.jobs()}>
        metadescent
      </a>
      <nav aria-label="Pages">
        {link(addresses.jobs(), 'Jobs', path === '/ui' || path.startsWith('/ui/jobs') || path === '/ui/side-by-side')}
        {link(addresses.optimizers(), 'Optimizers', path.startsWith('/ui/optimizers'))}
      </nav>
      <Away />
      <a class="button primary" href={addresses.newJob()}>
        New job
      </a>
    </header>
  );
}

/** Says while the service does not answer; its place is kept when it does. */
function Away() {
  return (
    <p class="away" role="status">
      {online.value ? '' : 'The service does not answer; reconnecting.'}
    </p>
  );
}

/** The place of a page. It has the focus after a change of pages, so that the keyboard and screen readers begin there. */
function Main({ children }: { children: ComponentChildren }) {
  const { path } = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    if (path !== before.current) main.current?.focus({ preventScroll: true });
    before.current = path;
  }, [path]);
  return (
    <main id="main" tabIndex={-1} ref={main}>
      {children}
    </main>
  );
}

/** In place of a page whose script is gone, as after an update of the service, or out of reach. */
function NotLoaded() {
  return (
    <Page title="This page could not be loaded">
      <p>The service is away, or has been updated since this tab was opened.</p>
      <div>
        <button type="button" class="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </div>
    </Page>
  );
}

function NotFound() {
  return (
    <Page title="Page not found">
      <p>
        The address may be incomplete. Start from <a href={addresses.jobs()}>all jobs</a>.
      </p>
    </Page>
  );
}
