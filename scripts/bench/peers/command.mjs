// What both servers are told on their input, and how they answer: a line of JSON each.
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const answer = (found) => process.stdout.write(JSON.stringify(found) + "\n");

// Serve on a free port; `send` gets each publication's texts, and CPU time is counted around them.
export function obey(server, send) {
  server.listen(0, "127.0.0.1", 1024, () => answer({ port: server.address().port }));
  createInterface({ input: process.stdin })
    .on("line", async (line) => {
      const { texts, pause } = JSON.parse(line);
      const began = process.cpuUsage();
      for (const turn of texts) {
        send(turn);
        await sleep(pause * 1000);
      }
      const { user, system } = process.cpuUsage(began);
      answer({ cpu: (user + system) / 1e6 });
    })
    .on("close", () => process.exit(0));
}
