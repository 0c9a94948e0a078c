// node-redis, by RESP2 and RESP3: commands, MULTI, scripts, pub/sub, a blocking pop, an iterator.
import assert from "node:assert/strict";
import { createClient, defineScript } from "redis";

for (const RESP of [2, 3]) {
  const scripts = {
    double: defineScript({
      SCRIPT: "return redis.call('get', KEYS[1]) * 2",
      NUMBER_OF_KEYS: 1,
      parseCommand: (parser, key) => parser.pushKey(key),
      transformReply: (reply) => reply,
    }),
  };
  const db = createClient({ url: `redis://127.0.0.1:${process.argv[2]}`, RESP, scripts });
  await db.connect();
  await db.flushAll();

  assert.equal(await db.set("k", "v", { EX: 100 }), "OK");
  assert.equal(await db.get("k"), "v");
  assert.equal(await db.get("missing"), null);
  assert.equal(await db.hSet("h", { a: "1", b: "2" }), 2);
  assert.deepEqual({ ...(await db.hGetAll("h")) }, { a: "1", b: "2" });
  await db.zAdd("board", [{ value: "ada", score: 2.5 }, { value: "bob", score: 1 }]);
  assert.deepEqual(await db.zRangeWithScores("board", 0, -1), [
    { value: "bob", score: 1 },
    { value: "ada", score: 2.5 },
  ]);
  assert.deepEqual(await db.multi().incr("n").incr("n").exec(), [1, 2]);
  await db.set("n", 21);
  assert.equal(await db.double("n"), 42);
  await assert.rejects(db.lPush("k", "x"), /WRONGTYPE/);

  const listener = await db.duplicate().connect();
  const message = new Promise((resolve) => listener.subscribe("news", resolve));
  while ((await db.publish("news", "it works")) === 0);
  assert.equal(await message, "it works");
  const waiting = await db.duplicate().connect();
  const element = waiting.blPop("queue", 5);
  await db.rPush("queue", "one");
  assert.deepEqual({ ...(await element) }, { key: "queue", element: "one" });

  const keys = [];
  for await (const batch of db.scanIterator({ COUNT: 2 })) keys.push(...batch);
  assert.deepEqual(new Set(keys), new Set(["k", "h", "board", "n"]));
  for (const client of [db, listener, waiting]) client.destroy();
}
console.log("ok");
