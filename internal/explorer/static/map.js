// The scene: pictures, truth and map on one canvas, the chosen pixel, the legend.

import {$, el, get, post, latest, options, percent} from './util.js';

export class SceneMap {
  // model is the state of the page, see app.js.
  constructor(model) {
    this.model = model;
    this.canvas = $('canvas');
    this.pictures = new Map();
    this.truth = null;
    this.labels = null; // {width, height, stride, label, sure}
    this.part = 0; // of the map that the server has computed
    this.only = 0; // a label to show alone, 0 for all
    this.failed = false; // to compute the map
    this.refresh = latest(() => this.loadMap(), (error) => error && this.say(error.message));
    this.canvas.addEventListener('click', (event) => this.click(event));
    this.canvas.addEventListener('keydown', (event) => this.key(event));
    $('layer').addEventListener('change', () => this.draw());
    $('palette').addEventListener('change', () => model.changed('palette'));
    $('scene').addEventListener('change', () => model.chooseScene(Number($('scene').value)));
  }

  say(text) {
    $('map-state').textContent = text || '';
  }

  // wait says in the box what is to be seen there, until it is.
  wait() {
    const layer = $('layer').value;
    let text = '';
    if (layer === 'map' || layer === 'sure') {
      if (!this.labels) text = this.failed ? 'there is no map, see below' : this.part < 1 ? `computing the map, ${percent(this.part, 0)}` : 'scoring the scene';
    } else if (layer === 'truth' ? !this.truth : !this.pictures.size) text = 'loading the picture';
    $('map-wait').textContent = text;
    $('map-wait').hidden = !text;
  }

  // start lays everything out for the state of the run.
  async start() {
    const {state} = this.model;
    options($('scene'), state.scenes.map((s, i) => [i, s.name]), this.model.pixel.scene);
    $('scene-field').hidden = state.scenes.length < 2;
    const layers = state.modalities.map((m, i) => [`picture ${i}`, `picture: ${m.name}`]);
    layers.push(['truth', 'true classes']);
    if (state.stage2) layers.push(['map', 'map'], ['sure', 'map, faint where unsure']);
    options($('layer'), layers, state.stage2 ? 'map' : 'picture 0');
    $('map-progress').parentElement.hidden = !state.stage2;
    await this.startScene();
  }

  async startScene() {
    const {state, pixel} = this.model;
    const scene = state.scenes[pixel.scene];
    this.canvas.width = scene.w;
    this.canvas.height = scene.h;
    this.canvas.parentElement.style.setProperty('--shape', scene.w / scene.h); // leaves room for the legend below
    this.pictures.clear();
    this.labels = this.truth = null;
    this.part = 0;
    this.say('');
    this.legend();
    this.draw();
    if (state.stage2) this.refresh(); // first: it takes the longest
    const truth = new Uint8Array(await (await get('api/truth', {scene: pixel.scene})).arrayBuffer());
    if (this.model.pixel.scene !== pixel.scene) return;
    this.truth = truth;
    await Promise.all(state.modalities.map(async (_, i) => {
      const image = new Image();
      image.src = `api/picture?scene=${pixel.scene}&modality=${i}`;
      await image.decode();
      if (this.model.pixel.scene !== pixel.scene) return;
      this.pictures.set(i, image);
      this.draw();
    }));
  }

  // loadMap asks for the map by the texts in use.
  async loadMap() {
    const {pixel: {scene}, texts} = this.model;
    const response = await post('api/map', {scene, texts});
    if (response.status === 204) return;
    const width = Number(response.headers.get('X-Width'));
    const height = Number(response.headers.get('X-Height'));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const n = width * height;
    if (scene !== this.model.pixel.scene || texts !== this.model.texts) return; // another map is asked for by now
    this.labels = {width, height, stride: Number(response.headers.get('X-Stride')), label: bytes.subarray(0, n), sure: bytes.subarray(n)};
    this.legend();
    this.draw();
  }

  // progress hears how far the server is with the map.
  progress(map) {
    if (!this.model.state?.stage2 || map.scene !== this.model.pixel.scene) return;
    const part = map.total ? map.done / map.total : 0;
    $('map-progress').value = this.part = part;
    this.failed = Boolean(map.error);
    this.wait();
    if (map.error) this.say(map.error);
    else if (part < 1 && map.stride > 1) this.say(`one pixel in ${map.stride} by ${map.stride} so far, ${percent(part, 0)} done`);
    else if (part < 1) this.say(`computing the map, ${percent(part, 0)}`);
    else this.say(map.stride > 1 ? `one pixel in ${map.stride} by ${map.stride} classified` : 'every pixel classified');
    if (map.stride && this.labels?.stride !== map.stride) this.refresh();
  }

  // draw paints the chosen layer, or the first picture while there is no map, and
  // sets the marker.
  draw() {
    const {state, pixel} = this.model;
    const scene = state.scenes[pixel.scene];
    const context = this.canvas.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, scene.w, scene.h);
    let layer = $('layer').value;
    if ((layer === 'map' || layer === 'sure') && !this.labels) layer = 'picture 0';
    if (layer.startsWith('picture')) {
      const image = this.pictures.get(Number(layer.split(' ')[1]));
      if (image) context.drawImage(image, 0, 0);
    } else if (layer === 'truth') {
      if (this.truth) this.paint(context, {width: scene.w, height: scene.h, stride: 1, label: this.truth}, this.model.classColors());
    } else {
      this.paint(context, this.labels, this.model.textColors(), layer === 'sure');
    }
    this.mark();
    this.wait();
  }

  paint(context, grid, colors, faint) {
    const image = new ImageData(grid.width, grid.height);
    const rgb = colors.map((c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16)));
    for (let i = 0; i < grid.label.length; i++) {
      const label = grid.label[i];
      if (!label || (this.only && label !== this.only)) continue;
      image.data.set(rgb[label - 1], 4 * i);
      image.data[4 * i + 3] = faint ? Math.max(30, (grid.sure[i] - 60) * 255 / 195) : 255;
    }
    const buffer = el('canvas', {width: grid.width, height: grid.height});
    buffer.getContext('2d').putImageData(image, 0, 0);
    context.drawImage(buffer, 0, 0, grid.width * grid.stride, grid.height * grid.stride);
  }

  // mark frames the window around the chosen pixel.
  mark() {
    const {scene, row, col} = this.model.pixel;
    const {w, h} = this.model.state.scenes[scene];
    const side = this.model.state.model.window;
    const style = $('marker').style;
    style.left = `${100 * (col + 0.5) / w}%`;
    style.top = `${100 * (row + 0.5) / h}%`;
    style.width = `${100 * side / w}%`;
    style.height = `${100 * side / h}%`;
  }

  click(event) {
    const box = this.canvas.getBoundingClientRect();
    this.model.choose(Math.floor((event.clientY - box.top) * this.canvas.height / box.height),
      Math.floor((event.clientX - box.left) * this.canvas.width / box.width));
  }

  key(event) {
    const by = event.shiftKey ? 10 : 1;
    const step = {ArrowUp: [-by, 0], ArrowDown: [by, 0], ArrowLeft: [0, -by], ArrowRight: [0, by]}[event.key];
    if (!step) return;
    event.preventDefault();
    const {row, col} = this.model.pixel;
    this.model.choose(row + step[0], col + step[1]);
  }

  // legend lists the classes, or the texts in use, with their share of the map.
  legend() {
    const colors = this.model.textColors();
    const names = this.model.textNames();
    const counts = new Array(names.length).fill(0);
    for (const label of this.labels?.label ?? []) counts[label - 1]++;
    $('legend').replaceChildren(...names.map((name, i) => {
      const swatch = el('span', {className: 'swatch'});
      swatch.style.background = colors[i];
      const share = this.labels ? percent(counts[i] / this.labels.label.length, 0) : '';
      const button = el('button', {type: 'button', title: name, onclick: () => this.model.highlight(this.only === i + 1 ? 0 : i + 1), attr: {'aria-pressed': String(this.only === i + 1)}},
        swatch, el('span', {className: 'name', textContent: name}), el('span', {className: 'share', textContent: share}));
      return el('li', {}, button);
    }));
  }

  highlight(label) {
    this.only = label;
    [...$('legend').querySelectorAll('button')].forEach((b, i) => b.setAttribute('aria-pressed', String(label === i + 1)));
    this.draw();
  }
}
