// Never sleeps (awake.ts): short turns of counting, so that the end of the parent is noticed.
const TURN_MS = 20;

process.on('disconnect', () => process.exit());

function turn(): void {
  const untilMs = performance.now() + TURN_MS;
  while (performance.now() < untilMs);
  setImmediate(turn);
}

turn();
