// The picture of a machine that has one, on a canvas that takes keys.

const FLASH = 320; // milliseconds of each phase of cells that flash: 16 frames

export class Screen {
  constructor(canvas, { width, height }) {
    this.canvas = canvas;
    canvas.width = width;
    canvas.height = height;
    canvas.hidden = false;
    this.context = canvas.getContext('2d');
    this.picture = this.context.createImageData(width, height);
    this.flashed = false;
    // Who wants less motion sees the first phase.
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) {
      setInterval(() => {
        this.flashed = !this.flashed;
        this.draw();
      }, FLASH);
    }
  }

  draw() {
    this.machine.draw(this.picture.data, this.flashed);
    this.context.putImageData(this.picture, 0, 0);
  }

  /** Calls `press` with each key that is typed while the canvas has the focus. */
  onKey(press) {
    this.canvas.addEventListener('keydown', (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const named = { Enter: 13, Backspace: 8 }[event.key];
      const code = named ?? (event.key.length === 1 ? event.key.charCodeAt(0) : undefined);
      if (code === undefined) return;
      event.preventDefault();
      press(code);
    });
  }
}
