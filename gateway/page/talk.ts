import { pageElement } from './page-element.ts';
import { readPageOptions } from './page-options.ts';
import { TalkPage } from './talk-page.ts';

const page = new TalkPage(readPageOptions(location.search));
const message = pageElement('message', HTMLInputElement);

page.stage.talk.addEventListener('click', () => void page.talk());
page.stage.hangUp.addEventListener('click', () => page.hangUp());
pageElement('composer', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  const text = message.value.trim();
  if (text === '') return;
  message.value = '';
  void page.type(text);
});
