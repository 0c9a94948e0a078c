// ioredis: commands, a pipeline, MULTI, a Lua command, streams, pub/sub and a blocking pop.
import assert from "node:assert/strict";
import Redis from "ioredis";

const port = Number(process.argv[2]);
const db = new Redis(port, "127.0.0.1");
const other = new Redis(port, "127.0.0.1");

assert.equal(await db.set("greeting", "hello", "EX", 100), "OK");
assert.equal(await db.get("greeting"), "hello");
assert.deepEqual(await db.getBuffer("greeting"), Buffer.from("hello"));
assert.deepEqual(
  await db.pipeline().incr("n").lpush("l", "a", "b").hset("h", { f: 1, g: 2 }).lpush("n", 1).exec().then(
    (replies) => replies.map(([error, value]) => (error ? error.message.split(" ")[0] : value)),
  ),
  [1, 2, 2, "WRONGTYPE"],
);
assert.deepEqual(await db.hgetall("h"), { f: "1", g: "2" });
assert.deepEqual(await db.multi().incr("n").incr("n").exec(), [[null, 2], [null, 3]]);

db.defineCommand("addTo", { numberOfKeys: 1, lua: "return redis.call('incrby', KEYS[1], ARGV[1])" });
assert.equal(await db.addTo("n", 10), 13);

await db.xadd("orders", "*", "id", "7");
const [[stream, entries]] = await db.xread("COUNT", 10, "STREAMS", "orders", "0");
assert.equal(stream, "orders");
assert.deepEqual(entries[0][1], ["id", "7"]);

const popped = other.blpop("queue", 5);
await db.rpush("queue", "job");
assert.deepEqual(await popped, ["queue", "job"]);

const message = new Promise((resolve) => other.on("message", (channel, text) => resolve([channel, text])));
await other.subscribe("news");
assert.equal(await db.publish("news", "it works"), 1);
assert.deepEqual(await message, ["news", "it works"]);

const found = [];
for await (const keys of db.scanStream({ match: "*", count: 2 })) found.push(...keys);
assert.deepEqual(new Set(found), new Set(["greeting", "n", "l", "h", "orders"]));

db.disconnect();
other.disconnect();
console.log("ok");
