// What the classifier says of the chosen pixel, and the texts that it is asked by.

import {$, el, post, latest, part, percent} from './util.js';

export class PixelPanel {
  constructor(model) {
    this.model = model;
    this.show = part('pixel');
    this.refresh = latest(() => this.load(), (error) => this.show(error));
  }

  start() {
    this.layout();
    this.refresh();
  }

  // layout makes a bar for each text.
  layout() {
    const colors = this.model.textColors();
    $('bars').replaceChildren(...this.model.textNames().map((name, i) => {
      const bar = el('i');
      bar.style.background = colors[i];
      return el('li', {title: name}, el('span', {className: 'name', textContent: name}), el('span', {className: 'bar'}, bar), el('span', {className: 'value', textContent: '–'}));
    }));
  }

  async load() {
    const {pixel, state} = this.model;
    const at = {...pixel};
    const texts = this.model.texts;
    const answer = await (await post('api/pixel', {...at, texts})).json();
    if (texts !== this.model.texts) return;
    const best = answer.probabilities.reduce((b, p, i, all) => (p > all[b] ? i : b), 0);
    const truth = answer.truth ? state.classes[answer.truth - 1].name : 'not known';
    $('pixel-place').textContent = `Row ${at.row + 1}, column ${at.col + 1}. True class: ${truth}. Most likely: ${this.model.textNames()[best]}, ${percent(answer.probabilities[best])}.`;
    $('pixel-text').textContent = this.model.textOf(best);
    $('pixel-text').style.borderLeftColor = this.model.textColors()[best];
    [...$('bars').children].forEach((li, i) => {
      li.classList.toggle('best', i === best);
      li.querySelector('i').style.width = `${100 * answer.probabilities[i]}%`;
      li.querySelector('.value').textContent = percent(answer.probabilities[i]);
    });
    this.model.unseen(answer.unseen ?? []);
  }
}

export class TextsPanel {
  constructor(model) {
    this.model = model;
    this.show = part('texts');
    $('texts-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.apply();
    });
    $('texts-reset').addEventListener('click', () => {
      this.list(this.model.ownTexts());
      this.model.ask([]);
    });
  }

  start() {
    const {stage2, texts} = this.model.state;
    const why = stage2 ? 'The classifier of this run has a linear head, which compares with no text.' : 'Stage 2 has not been trained, or is not finished: there are no texts to compare with.';
    this.show(texts ? null : why);
    $('texts-form').hidden = !texts;
    if (texts) this.list(this.model.ownTexts());
  }

  list(texts) {
    $('texts-list').replaceChildren(...texts.map((text) => this.item(text)));
    this.number();
    this.say('');
  }

  item(text) {
    const input = el('input', {type: 'text', value: text, maxLength: 400, autocomplete: 'off'});
    const remove = el('button', {type: 'button', textContent: '×'});
    const li = el('li', {}, el('span', {className: 'swatch'}), input, remove);
    remove.addEventListener('click', () => {
      const next = li.nextElementSibling ?? li.previousElementSibling;
      if (!next) return; // one must stay
      li.remove();
      this.number();
      next.querySelector('button').focus();
    });
    return li;
  }

  number() {
    [...$('texts-list').children].forEach((li, i) => {
      li.querySelector('input').setAttribute('aria-label', `Text ${i + 1}`);
      li.querySelector('button').setAttribute('aria-label', `Remove text ${i + 1}`);
    });
    this.paint();
  }

  // paint gives each text the colour that it has on the map now, if it is there.
  paint() {
    const colors = this.model.textColors();
    const asked = this.model.texts.length ? this.model.texts : this.model.ownTexts();
    for (const li of $('texts-list').children) {
      const at = asked.indexOf(li.querySelector('input').value.trim());
      li.querySelector('.swatch').style.background = at < 0 ? 'transparent' : colors[at];
    }
  }

  apply() {
    const added = $('new-text').value.trim();
    if (added) {
      $('texts-list').append(this.item(added));
      $('new-text').value = '';
    }
    const texts = [...$('texts-list').querySelectorAll('input')].map((input) => input.value.trim());
    if (texts.some((text) => !text)) {
      this.say('A text is empty: write something, or remove it.', true);
      this.number();
      return;
    }
    if (new Set(texts).size < texts.length) {
      this.say('Two texts are the same: nothing could tell them apart.', true);
      this.number();
      return;
    }
    const own = this.model.ownTexts();
    this.model.ask(texts.length === own.length && texts.every((t, i) => t === own[i]) ? [] : texts);
    this.number();
    if (added) $('texts-list').lastElementChild.scrollIntoView({block: 'nearest'});
  }

  // unseen says which words the model has never met.
  unseen(lists) {
    const words = [...new Set(lists.flatMap((list) => list ?? []))].filter(Boolean);
    if (words.length) this.say(`No text in training had “${words.slice(0, 12).join('”, “')}”: their vectors have learnt nothing.`, true);
    else this.say(this.model.texts.length ? 'Every word of these texts was met in training.' : '');
  }

  say(text, warn = false) {
    $('texts-note').textContent = text || '\u00a0';
    $('texts-note').classList.toggle('warn', warn);
  }
}
