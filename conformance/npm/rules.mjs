// What EventStoreDB's client for Node.js sees of a node. Prints "ok NAME" for each
// rule that holds. Usage: node rules.mjs ADMIN USER, two connection strings.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import * as es from "@eventstore/db-client";

const [adminString, userString] = process.argv.slice(2);
const admin = es.EventStoreDBClient.connectionString(adminString);
const user = es.EventStoreDBClient.connectionString(userString);

const stream = (prefix) => `${prefix}-${randomUUID()}`;
const events = (n, type = "happened") =>
  Array.from({ length: n }, (_, i) => es.jsonEvent({ type, data: { n: i }, metadata: { by: "rules" } }));
const numbers = async (read) => {
  const got = [];
  for await (const { event } of read) got.push(event.data.n);
  return got;
};

// take returns the next n events of a subscription.
async function take(subscription, n, each = async () => {}) {
  const got = [];
  for await (const resolved of subscription) {
    if (!resolved.event && !resolved.link) continue;
    got.push(resolved);
    await each(resolved);
    if (got.length === n) break;
  }
  return got;
}

// within fails when p takes longer than half a minute.
function within(p) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("took longer than 30 s")), 30_000);
  });
  return Promise.race([p, late]).finally(() => clearTimeout(timer));
}

const rules = {
  async "append with expected revisions"() {
    const name = stream("append");
    const first = await admin.appendToStream(name, events(2), { expectedRevision: es.NO_STREAM });
    assert.equal(first.success, true);
    assert.equal(first.nextExpectedRevision, 1n);
    const second = await admin.appendToStream(name, events(1), { expectedRevision: 1n });
    assert.equal(second.nextExpectedRevision, 2n);
    assert.ok(second.position.commit > first.position.commit);
    const third = await admin.appendToStream(name, events(1), { expectedRevision: es.STREAM_EXISTS });
    assert.equal(third.nextExpectedRevision, 3n);
  },

  async "an append may be repeated"() {
    const name = stream("repeat");
    const same = events(3);
    const first = await admin.appendToStream(name, same, { expectedRevision: es.NO_STREAM });
    const again = await admin.appendToStream(name, same, { expectedRevision: es.NO_STREAM });
    assert.equal(again.nextExpectedRevision, first.nextExpectedRevision);
    assert.deepEqual(await numbers(admin.readStream(name)), [0, 1, 2]);
  },

  async "read both ways"() {
    const name = stream("read");
    await admin.appendToStream(name, events(5));
    assert.deepEqual(await numbers(admin.readStream(name)), [0, 1, 2, 3, 4]);
    assert.deepEqual(await numbers(admin.readStream(name, { fromRevision: 3n, maxCount: 1 })), [3]);
    assert.deepEqual(await numbers(admin.readStream(name, { direction: es.BACKWARDS, fromRevision: es.END, maxCount: 2 })), [4, 3]);
    const all = [];
    for await (const { event } of admin.readAll({ direction: es.BACKWARDS, fromPosition: es.END, maxCount: 5 })) all.push(event);
    assert.deepEqual(all.map((e) => e.data.n), [4, 3, 2, 1, 0]);
    assert.ok(all.every((e) => e.streamId === name && e.created instanceof Date && e.metadata.by === "rules"));
  },

  async "filtered subscription to $all"() {
    const name = stream("filtered");
    await admin.appendToStream(stream("noise"), events(100));
    await admin.appendToStream(name, events(2));
    let checkpoints = 0;
    const subscription = admin.subscribeToAll({
      fromPosition: es.START,
      filter: es.streamNameFilter({
        prefixes: [name], checkpointInterval: 1,
        checkpointReached: async () => { checkpoints++; },
      }),
    });
    assert.deepEqual((await take(subscription, 2)).map((r) => r.event.data.n), [0, 1]);
    await subscription.unsubscribe();
    const later = admin.subscribeToAll({ fromPosition: es.END, filter: es.eventTypeFilter({ regex: `^${name}` }) });
    const confirmed = new Promise((resolve) => later.once("confirmation", resolve));
    const got = take(later, 1);
    await confirmed;
    await admin.appendToStream(stream("other"), [...events(3), ...events(1, name), ...events(3)]);
    assert.equal((await got)[0].event.type, name);
    await later.unsubscribe();
    assert.ok(checkpoints >= 3, `${checkpoints} checkpoints in more than 100 events`);
  },

  async "metadata and truncation"() {
    const name = stream("meta");
    await admin.appendToStream(name, events(5));
    await admin.setStreamMetadata(name, { maxCount: 2, owner: "us" });
    const { metadata } = await admin.getStreamMetadata(name);
    assert.equal(metadata.maxCount, 2);
    assert.equal(metadata.owner, "us");
    assert.deepEqual(await numbers(admin.readStream(name)), [3, 4]);
  },

  async "links are resolved"() {
    const target = stream("target");
    const links = stream("links");
    await admin.appendToStream(target, events(2));
    await admin.appendToStream(links, [es.binaryEvent({ type: "$>", data: Buffer.from(`1@${target}`) })]);
    for await (const { event, link } of admin.readStream(links, { resolveLinkTos: true })) {
      assert.equal(event.streamId, target);
      assert.equal(event.data.n, 1);
      assert.equal(link.streamId, links);
    }
  },

  async "error: wrong expected version"() {
    const name = stream("wrong");
    await admin.appendToStream(name, events(1));
    await assert.rejects(admin.appendToStream(name, events(1), { expectedRevision: 5n }), (e) => {
      assert.ok(e instanceof es.WrongExpectedVersionError, `${e}`);
      assert.equal(e.actualVersion, 0n);
      return true;
    });
    await assert.rejects(admin.appendToStream(name, events(1), { expectedRevision: es.NO_STREAM }), es.WrongExpectedVersionError);
    await assert.rejects(admin.deleteStream(name, { expectedRevision: 5n }), es.WrongExpectedVersionError);
  },

  async "error: stream not found"() {
    await assert.rejects(numbers(admin.readStream(stream("missing"))), es.StreamNotFoundError);
    const name = stream("deleted");
    await admin.appendToStream(name, events(1));
    await admin.deleteStream(name);
    await assert.rejects(numbers(admin.readStream(name)), es.StreamNotFoundError);
  },

  async "error: stream deleted"() {
    const name = stream("tombstoned");
    await admin.appendToStream(name, events(1));
    await admin.tombstoneStream(name);
    await assert.rejects(numbers(admin.readStream(name)), es.StreamDeletedError);
    await assert.rejects(admin.appendToStream(name, events(1)), es.StreamDeletedError);
  },

  async "error: access denied"() {
    await assert.rejects(numbers(user.readStream("$users")), es.AccessDeniedError);
    await assert.rejects(user.appendToStream("$secret", events(1)), es.AccessDeniedError);
    await assert.rejects(numbers(user.readAll({ maxCount: 1 })), es.AccessDeniedError);
    await assert.rejects(
      user.createPersistentSubscriptionToStream(stream("s"), "g", es.persistentSubscriptionToStreamSettingsFromDefaults()),
      es.AccessDeniedError,
    );
    const name = stream("open");
    await user.appendToStream(name, events(1));
    assert.deepEqual(await numbers(user.readStream(name)), [0]);
  },

  async "error: unknown user"() {
    const credentials = { username: "alice", password: "wrong" };
    await assert.rejects(admin.appendToStream(stream("s"), events(1), { credentials }), (e) => {
      // The client has no type for it and passes on what gRPC says.
      assert.equal(e.code, 16, `${e.stack ?? e}`); // Unauthenticated
      return true;
    });
  },

  async "persistent subscription: acknowledged events do not come again"() {
    const name = stream("work");
    await admin.appendToStream(name, events(3));
    await admin.createPersistentSubscriptionToStream(name, "group",
      es.persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: es.START, checkPointLowerBound: 1, checkPointAfter: 100 }));
    const first = admin.subscribeToPersistentSubscriptionToStream(name, "group");
    const got = [];
    first.on("data", (r) => {
      got.push(r.event.data.n);
      first.ack(r);
    });
    for (let info; ; ) { // until the last acknowledgement has arrived
      info = await admin.getPersistentSubscriptionToStreamInfo(name, "group");
      if (info.stats.lastCheckpointedEventRevision === 2n) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(got, [0, 1, 2]);
    await first.unsubscribe();
    await admin.appendToStream(name, events(1, "later"));
    const second = admin.subscribeToPersistentSubscriptionToStream(name, "group");
    const [next] = await take(second, 1);
    assert.equal(next.event.type, "later");
    await second.unsubscribe();
  },

  async "persistent subscription: park and replay"() {
    const name = stream("park");
    await admin.appendToStream(name, events(2));
    await admin.createPersistentSubscriptionToStream(name, "group", es.persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: es.START }));
    const subscription = admin.subscribeToPersistentSubscriptionToStream(name, "group");
    const parked = take(subscription, 4, async (r) => {
      if (r.link) await subscription.ack(r);
      else await subscription.nack(es.PARK, "not now", r);
    });
    for (;;) {
      const info = await admin.getPersistentSubscriptionToStreamInfo(name, "group");
      if (Number(info.stats.parkedMessageCount) === 2) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await admin.replayParkedMessagesToStream(name, "group");
    assert.deepEqual((await parked).map((r) => [r.event.data.n, !!r.link]), [[0, false], [1, false], [0, true], [1, true]]);
    await subscription.unsubscribe();
  },

  async "persistent subscription: retried events say how often"() {
    const name = stream("retry");
    await admin.appendToStream(name, events(1));
    await admin.createPersistentSubscriptionToStream(name, "group", es.persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: es.START }));
    const subscription = admin.subscribeToPersistentSubscriptionToStream(name, "group");
    const counts = [];
    for await (const r of subscription) {
      counts.push(r.retryCount);
      if (counts.length === 3) {
        await subscription.ack(r);
        break;
      }
      await subscription.nack(es.RETRY, "again", r);
    }
    assert.deepEqual(counts, [0, 1, 2]);
    await subscription.unsubscribe();
  },

  async "persistent subscription to $all"() {
    const name = stream("everywhere");
    await admin.appendToStream(name, events(2));
    const group = randomUUID();
    await admin.createPersistentSubscriptionToAll(group, es.persistentSubscriptionToAllSettingsFromDefaults({ startFrom: es.START }),
      { filter: es.streamNameFilter({ prefixes: [name] }) });
    const subscription = admin.subscribeToPersistentSubscriptionToAll(group);
    const got = await take(subscription, 2, (r) => subscription.ack(r));
    assert.deepEqual(got.map((r) => r.event.data.n), [0, 1]);
    await subscription.unsubscribe();
    await admin.updatePersistentSubscriptionToAll(group, es.persistentSubscriptionToAllSettingsFromDefaults({ maxSubscriberCount: 7 }));
    const info = await admin.getPersistentSubscriptionToAllInfo(group);
    assert.equal(info.settings.maxSubscriberCount, 7);
    await admin.deletePersistentSubscriptionToAll(group);
  },

  async "persistent subscription: exists, is listed, is deleted"() {
    const name = stream("group");
    const settings = es.persistentSubscriptionToStreamSettingsFromDefaults({ consumerStrategyName: es.PINNED });
    await admin.createPersistentSubscriptionToStream(name, "group", settings);
    await assert.rejects(admin.createPersistentSubscriptionToStream(name, "group", settings), es.PersistentSubscriptionExistsError);
    const list = await admin.listPersistentSubscriptionsToStream(name);
    assert.deepEqual(list.map((i) => [i.eventSource, i.groupName, i.settings.consumerStrategyName]), [[name, "group", "Pinned"]]);
    const subscription = admin.subscribeToPersistentSubscriptionToStream(name, "group");
    const dropped = new Promise((resolve) => subscription.once("error", resolve));
    subscription.resume();
    await new Promise((resolve) => subscription.once("confirmation", resolve));
    await admin.deletePersistentSubscriptionToStream(name, "group");
    assert.ok((await dropped) instanceof es.PersistentSubscriptionDroppedError);
    await assert.rejects(admin.deletePersistentSubscriptionToStream(name, "group"), es.PersistentSubscriptionDoesNotExistError);
    await assert.rejects(take(admin.subscribeToPersistentSubscriptionToStream(name, "group"), 1), es.PersistentSubscriptionDoesNotExistError);
  },

  async "persistent subscription: at most so many subscribers"() {
    const name = stream("crowd");
    await admin.createPersistentSubscriptionToStream(name, "group", es.persistentSubscriptionToStreamSettingsFromDefaults({ maxSubscriberCount: 1 }));
    const one = admin.subscribeToPersistentSubscriptionToStream(name, "group");
    one.resume();
    await new Promise((resolve) => one.once("confirmation", resolve));
    await assert.rejects(take(admin.subscribeToPersistentSubscriptionToStream(name, "group"), 1), es.PersistentSubscriptionMaximumSubscribersReachedError);
    await one.unsubscribe();
  },
};

let failed = 0;
for (const [name, rule] of Object.entries(rules)) {
  try {
    await within(rule());
    console.log(`ok ${name}`);
  } catch (e) {
    failed++;
    console.log(`not ok ${name}: ${e.stack ?? e}`);
  }
}
await Promise.allSettled([admin.dispose(), user.dispose()]);
process.exit(failed === 0 ? 0 : 1);
