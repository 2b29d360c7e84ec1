// Reads an answer that is a stream of server-sent events; fetch gives it to POST requests, too.

/** Calls `onEvent(name, data)` for each event of `response`; resolves at its end. */
export async function readEvents(response, onEvent) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end = text.indexOf("\n\n");
    while (end >= 0) {
      deliver(text.slice(0, end), onEvent);
      text = text.slice(end + 2);
      end = text.indexOf("\n\n");
    }
  }
}

function deliver(block, onEvent) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5).trim());
  }
  if (data.length) onEvent(name, JSON.parse(data.join("\n")));
}
