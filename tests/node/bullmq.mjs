// BullMQ: jobs with priorities, delays, retries and results, through its Lua scripts.
import assert from "node:assert/strict";
import { Queue, QueueEvents, Worker } from "bullmq";

const connection = { host: "127.0.0.1", port: Number(process.argv[2]), maxRetriesPerRequest: null };
const queue = new Queue("sums", { connection });
const events = new QueueEvents("sums", { connection });
await events.waitUntilReady();

let failures = 0;
const worker = new Worker(
  "sums",
  async (job) => {
    if (job.name === "flaky" && failures++ === 0) throw new Error("once");
    await job.updateProgress(50);
    return job.data.numbers.reduce((sum, n) => sum + n, 0);
  },
  { connection, concurrency: 4 },
);

const jobs = await queue.addBulk(
  Array.from({ length: 50 }, (_, i) => ({ name: "sum", data: { numbers: [i, 1] }, opts: { priority: i % 3 } })),
);
const delayed = await queue.add("sum", { numbers: [2, 3] }, { delay: 50 });
const flaky = await queue.add("flaky", { numbers: [4] }, { attempts: 2 });
const results = await Promise.all([...jobs, delayed, flaky].map((job) => job.waitUntilFinished(events, 20000)));
assert.deepEqual(results.slice(0, 50), Array.from({ length: 50 }, (_, i) => i + 1));
assert.deepEqual(results.slice(50), [5, 4]);
assert.equal(failures, 2);

const { paused, ...counts } = await queue.getJobCounts();
assert.equal(counts.completed, 52);
assert.equal(Object.values(counts).reduce((sum, n) => sum + n, 0), 52);

await worker.close();
await events.close();
await queue.obliterate({ force: true });
await queue.close();
console.log("ok");
process.exit(0);
