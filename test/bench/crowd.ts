// A crowd of WebSocket subscribers: `crowd.ts URL COUNT`, token in QUETZAL_TOKEN; prints samples received a second.
// It counts by text instead of parsing, so that the measured machine's other core is not the limit.
import WebSocket from "ws";

const [url = "", count = "1"] = process.argv.slice(2);
const token = process.env["QUETZAL_TOKEN"] ?? "";
const SAMPLE_MARK = Buffer.from('"vmId"');
const DOCUMENT = "subscription { metrics { time samples { vmId time cpuRatio stealRatio rssBytes guestAvailableBytes diskReadBytesPerSecond diskWriteBytesPerSecond networkRxBytesPerSecond networkTxBytesPerSecond } } }";

let received = 0;
let samplesPerMessage = 0;

function countSamples(message: Buffer): number {
  let samples = 0;
  for (let at = message.indexOf(SAMPLE_MARK); at >= 0; at = message.indexOf(SAMPLE_MARK, at + 1)) samples++;
  return samples;
}

for (let index = 0; index < Number(count); index++) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), "graphql-transport-ws");
  socket.on("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${token}` } })));
  socket.on("message", (message: Buffer) => {
    if (message.length < 200) {
      if (message.includes("connection_ack")) socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: DOCUMENT } }));
      return;
    }
    // Every batch has the same VMs: the first subscriber counts for all.
    if (index === 0) samplesPerMessage = countSamples(message);
    received += samplesPerMessage;
  });
  socket.on("error", (error) => { console.error(`subscriber ${index}: ${error.message}`); process.exit(1); });
}

setInterval(() => { console.log(received); received = 0; }, 1000);
