/** What the compiler makes of the public types; checked by it, not at run time. */
import { expect, expectTypeOf, test } from 'vitest';
import type {
  Client,
  CommandOutput,
  ItemOutcome,
  ObjectRef,
  TaskHandle,
  TaskReference,
  TaskStream,
} from './index.ts';
import type * as tasks from './testing/fixtures/tasks.ts';

type Tasks = typeof tasks;

/** Never called: its body only has to compile. */
export const compiles = async (client: Client, { square, answer, total, chatty }: Tasks): Promise<void> => {
  expectTypeOf(client.submit(square, 2)).toEqualTypeOf<TaskHandle<number>>();
  expectTypeOf(await client.submit(chatty, 2)).toEqualTypeOf<number>();
  expectTypeOf(client.submit(answer)).toEqualTypeOf<TaskHandle<number>>();
  expectTypeOf(client.submit(answer, undefined, { priority: 1 })).toEqualTypeOf<TaskHandle<number>>();
  expectTypeOf(client.map(square, [1])).toEqualTypeOf<TaskStream<number>>();
  expectTypeOf(client.map(square, new Set([1]), { ordered: false })).toEqualTypeOf<
    TaskStream<{ readonly index: number; readonly value: number }>
  >();
  expectTypeOf(client.map(square, [1], { settle: true })).toEqualTypeOf<TaskStream<ItemOutcome<number>>>();
  expectTypeOf(client.run({ argv: ['true'] })).toEqualTypeOf<TaskHandle<CommandOutput>>();

  const table = await client.put(new Float64Array(1));
  expectTypeOf(table).toEqualTypeOf<ObjectRef<Float64Array<ArrayBuffer>>>();
  client.submit(total, { table, factor: 1 });
  client.map(total, [
    { table: new Float64Array(1), factor: 1 },
    { table, factor: await client.put(1) },
  ]);

  const far: TaskReference<string, Promise<Date>> = { module: '/x.js', export: 'far' };
  expectTypeOf(await client.submit(far, 'x')).toEqualTypeOf<Date>();

  // @ts-expect-error the argument is a number
  client.submit(square, 'two');
  // @ts-expect-error the argument is missing
  client.submit(square);
  // @ts-expect-error a reference to something else
  client.submit(total, { table: await client.put('text'), factor: 1 });
  // @ts-expect-error a closure is no task
  client.submit((n: number) => n, 1);
  // @ts-expect-error items of another type
  client.map(square, ['two']);
};

test('compiles', () => {
  expect(compiles).toBeTypeOf('function');
});
