// The page: one state, and parts that follow it.

import {$, el, get, unlike} from './util.js';
import {SceneMap} from './map.js';
import {PixelPanel, TextsPanel} from './pixel.js';
import {AttentionPanel, RestorePanel} from './windows.js';
import {FeaturesPanel} from './features.js';
import {CurvesPanel} from './curves.js';

// Colours for texts beyond the classes: Okabe and Ito's, then greys that differ.
const more = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442', '#303030', '#707070', '#b0b0b0'];

const model = {
  state: null,
  pixel: {scene: 0, row: 0, col: 0},
  texts: [], // to classify by; none for the run's own

  ownTexts() {
    return this.state.classes.map((c) => c.text ?? '');
  },

  palette() {
    return $('palette').value;
  },

  classColors() {
    return this.state.classes.map((c) => c[this.palette()]);
  },

  // textNames are those of the classes where a text is theirs.
  textNames() {
    if (!this.texts.length) return this.state.classes.map((c) => c.name);
    const own = this.ownTexts();
    return this.texts.map((text) => this.state.classes[own.indexOf(text)]?.name ?? text);
  },

  textOf(i) {
    return this.texts.length ? this.texts[i] : this.ownTexts()[i];
  },

  textColors() {
    const own = this.ownTexts();
    const colors = this.classColors();
    if (!this.texts.length) return colors;
    const taken = [...colors];
    return this.texts.map((text) => {
      const color = colors[own.indexOf(text)] ?? unlike(taken, more);
      taken.push(color);
      return color;
    });
  },

  // choose goes to a pixel.
  choose(row, col, scene = this.pixel.scene) {
    const size = this.state.scenes[scene];
    const other = scene !== this.pixel.scene;
    this.pixel = {scene, row: Math.min(Math.max(row, 0), size.h - 1), col: Math.min(Math.max(col, 0), size.w - 1)};
    if (other) {
      $('scene').value = scene;
      map.startScene();
    } else map.draw();
    window_();
  },

  chooseScene(scene) {
    const size = this.state.scenes[scene];
    this.choose(size.h >> 1, size.w >> 1, scene);
  },

  highlight(label) {
    map.highlight(label);
    features.highlight(this.texts.length ? 0 : label);
  },

  // ask classifies by other texts.
  ask(texts) {
    this.texts = texts;
    map.only = 0;
    map.labels = null;
    map.wait();
    features.highlight(0);
    map.legend();
    pixel.layout();
    texts_.paint();
    map.refresh();
    pixel.refresh();
  },

  unseen(lists) {
    texts_.unseen(lists);
  },

  changed() {
    map.legend();
    map.draw();
    pixel.layout();
    pixel.refresh();
    texts_.paint();
    features.draw();
  },
};

const map = new SceneMap(model);
const pixel = new PixelPanel(model);
const texts_ = new TextsPanel(model);
const attention = new AttentionPanel(model);
const restore = new RestorePanel(model);
const features = new FeaturesPanel(model);
const curves = new CurvesPanel();

// window_ refreshes what depends on the chosen pixel.
function window_() {
  const {state} = model;
  if (state.stage2) pixel.refresh();
  if (state.stage1 || state.stage2) attention.refresh();
  if (state.stage1) restore.refresh();
}

// head fills the header. Scores come by their names; OA is the first of a scene's.
function head(state) {
  $('run').textContent = state.run;
  $('line').textContent = state.line;
  document.title = `${state.run} – DiffCLIP explorer`;
  const scores = Object.entries(state.scores ?? {}).map(([name, v]) => [name, `${v.toFixed(1)} %`]);
  scores.sort((a, b) => ['OA', 'AA', 'kappa'].indexOf(a[0]) - ['OA', 'AA', 'kappa'].indexOf(b[0]));
  $('scores').replaceChildren(...scores.map(([name, v]) => el('div', {}, el('dt', {textContent: name}), el('dd', {textContent: v}))));
  if (state.report) $('scores').append(el('div', {}, el('dt', {textContent: 'all on one page'}), el('dd', {}, el('a', {href: 'report.html', textContent: 'Report'}))));
}

// open shows the run as it is now.
async function open() {
  let state;
  try {
    state = await (await get('api/state')).json();
  } catch (error) {
    $('problem').hidden = false;
    $('problem').textContent = error.message;
    $('loading').hidden = true;
    return;
  }
  const first = !model.state;
  model.state = state;
  head(state);
  $('problem').hidden = !state.problem;
  $('problem').textContent = state.problem ?? '';
  const data = state.scenes.length > 0;
  for (const id of ['map', 'pixel', 'texts', 'attention', 'restore', 'features']) $(id).hidden = !data;
  $('loading').hidden = true;
  $('main').hidden = false;
  if (!data) return;
  if (first) model.pixel = {scene: 0, row: state.scenes[0].h >> 1, col: state.scenes[0].w >> 1};
  model.texts = [];
  texts_.start();
  attention.start();
  restore.start();
  features.start();
  if (state.stage2) pixel.start();
  else pixel.show('Stage 2 has not been trained, or is not finished: nothing classifies yet.');
  await map.start();
}

// follow listens to the run's folder.
function follow() {
  const stream = new EventSource('api/events');
  stream.addEventListener('curves', (event) => curves.update(JSON.parse(event.data)));
  stream.addEventListener('map', (event) => map.progress(JSON.parse(event.data)));
  stream.addEventListener('stamp', (event) => {
    if (JSON.parse(event.data) !== model.state?.stamp) open();
  });
  stream.addEventListener('problem', (event) => {
    $('training-state').textContent = JSON.parse(event.data);
  });
}

await open();
follow();
