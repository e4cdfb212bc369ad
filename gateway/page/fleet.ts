import { CallView } from './fleet-call.ts';
import { keepToken, readFleet } from './fleet-stream.ts';
import { FleetView } from './fleet-view.ts';
import { pageElement } from './page-element.ts';

const AGAIN_AFTER_MS = 1000;

const view = new FleetView();
const form = pageElement('token-form', HTMLFormElement);

function say(feed: 'live' | 'away' | 'refused', words: string): void {
  document.body.dataset['feed'] = feed;
  const place = pageElement('feed', HTMLElement);
  // Said once, not every second: screen readers read it out.
  if (place.textContent !== words) place.textContent = words;
}

async function watch(): Promise<void> {
  // A network that fails is a stream that ended: both are tried again, and the browser's console has said why.
  const outcome = await readFleet((snapshot) => {
    view.show(snapshot);
    say('live', `Live, from ${snapshot.gateway_id}`);
  }).catch(() => 'ended' as const);
  if (outcome === 'refused') {
    form.hidden = false;
    pageElement('token', HTMLInputElement).focus();
    return say('refused', 'This fleet wants an operator token.');
  }
  say('away', 'The gateway is away; trying again …');
  setTimeout(() => void watch(), AGAIN_AFTER_MS);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  keepToken(pageElement('token', HTMLInputElement).value.trim());
  form.hidden = true;
  void watch();
});
new CallView().open();
void watch();
