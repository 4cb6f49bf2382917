// Runs machines made by `to_xstate` in the real library. One JSON line in: {machine, steps, answers}; one out: the active
// states after the start and after each step, or {error}. Guards are what `answers` says of
// them (data stay as they are then), else JavaScript: the expressions of random charts mean the same there as in CEL.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const require = createRequire(pathToFileURL(process.cwd() + '/'));
const { assign, createActor, createMachine, enqueueActions, SimulatedClock } = require('xstate');

const evaluate = (expression, context, event) =>
  new Function('data', 'event', `return (${expression});`)(context.data, event.data ?? {});

const value = (given, context, event) =>
  given !== null && typeof given === 'object' && 'cel' in given ? evaluate(given.cel, context, event) : given;

const implementations = (answers) => ({
  guards: {
    cel: ({ context, event }, { expression }) => answers[expression] ?? evaluate(expression, context, event),
  },
  actions: {
    set: assign(({ context, event }, { values }) => ({
      data: Object.entries(Object.keys(answers).length ? {} : values).reduce(
        (data, [name, given]) => ({ ...data, [name]: value(given, { data }, event) }),
        context.data,
      ),
    })),
    raise: enqueueActions(({ enqueue }, { event }) => enqueue.raise({ type: event })),
    log: () => {},
    emit: () => {},
    do: () => {},
    start: () => {},
    send: () => {},
    cancel: () => {},
    assign: () => {},
    compensate: () => {},
    if: () => {},
    for_each: () => {},
  },
});

const active = (actor) =>
  actor
    .getSnapshot()
    ._nodes.filter((node) => node.type === 'atomic' || node.type === 'final')
    .map((node) => node.meta.state)
    .sort();

const run = ({ machine, steps, answers }) => {
  const clock = new SimulatedClock();
  const actor = createActor(createMachine(machine).provide(implementations(answers)), { clock });
  let failure;
  actor.subscribe({ error: (problem) => (failure = problem) });
  actor.start();
  const trace = [active(actor)];
  for (const step of steps) {
    if ('advance' in step) clock.increment(step.advance);
    else actor.send({ type: step.event, data: step.data ?? {} });
    if (failure) throw failure;
    trace.push(active(actor));
  }
  return trace;
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = run(JSON.parse(line));
  } catch (problem) {
    answer = { error: String(problem) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
