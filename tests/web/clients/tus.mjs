// tus-js-client, as it comes: an upload that is broken off and goes on, and one that is given up.
import * as tus from "tus-js-client";
import {createHash} from "node:crypto";

const given = JSON.parse(process.env.GIVEN);
const content = Buffer.alloc(3_000_000);
Buffer.from(given.picture, "base64").copy(content); // a picture with nothing but zeros behind it

async function asked(path, options = {}) {
  const headers = {authorization: `Bearer ${given.token}`, "content-type": "application/json"};
  const answer = await fetch(given.http + path, {headers, ...options});
  return {status: answer.status, body: answer.status === 204 ? {} : await answer.json()};
}

function upload(options) {
  return new Promise((resolve, reject) => {
    const one = new tus.Upload(content, {
      endpoint: `${given.http}/v1/uploads:tus`,
      headers: {authorization: `Bearer ${given.token}`},
      metadata: {organisationId: given.organisationId, filename: "harbour.png", filetype: "image/png"},
      chunkSize: 1_000_000,
      retryDelays: [0, 500],
      uploadSize: content.length,
      onError: reject,
      onSuccess: () => resolve(one),
      ...options(() => one, resolve),
    });
    one.start();
  });
}

// Broken off after its first piece, though the library would go on.
const broken = await upload((one, resolve) => ({
  onChunkComplete: async () => resolve((await one().abort(), one())),
}));
const {body: half} = await asked(new URL(broken.url).pathname);
const seen = [];
const whole = await upload(() => ({uploadUrl: broken.url, onProgress: (sent) => seen.push(sent)}));
const {body: done} = await asked(new URL(whole.url).pathname);
console.log(JSON.stringify({
  step: "resume",
  same: broken.url === whole.url,
  kept: Number(half.upload.offset),
  began: Math.min(...seen) >= Number(half.upload.offset),
  state: done.upload.file.state,
  right: done.upload.file.sha256 === createHash("sha256").update(content).digest("hex"),
}));

// Given up, by the library's own means.
const another = await upload((one, resolve) => ({onChunkComplete: async () => resolve((await one().abort(true), one()))}));
console.log(JSON.stringify({step: "terminate", status: (await asked(new URL(another.url).pathname)).status}));

// What is refused is an error with its answer.
const refused = await upload(() => ({metadata: {organisationId: given.organisationId, filename: "harbour.exe"}, retryDelays: null}))
  .then(() => null, (error) => error.originalResponse.getStatus());
console.log(JSON.stringify({step: "refused", status: refused}));
