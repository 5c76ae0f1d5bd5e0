// Seconds that a candidate has been looked at; a page that nobody sees does not count.

export class Stopwatch {
  constructor() {
    this.restart();
    document.addEventListener("visibilitychange", () => (document.hidden ? this.pause() : this.resume()));
  }

  restart() {
    this.spent = 0;
    this.since = document.hidden ? null : performance.now();
  }

  pause() {
    if (this.since !== null) this.spent += performance.now() - this.since;
    this.since = null;
  }

  resume() {
    this.since ??= performance.now();
  }

  get seconds() {
    const running = this.since === null ? 0 : performance.now() - this.since;
    return Math.round((this.spent + running) / 10) / 100;
  }
}
