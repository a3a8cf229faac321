import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import { render } from 'preact';
import { App } from './app.js';
import { startFeed } from './service/feed.js';

startFeed();
render(<App />, document.body);
