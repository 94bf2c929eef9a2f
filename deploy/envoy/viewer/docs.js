// The page at /docs: Swagger UI over /openapi.json, and a sign-in whose token its calls carry. The token lives in this page alone.

const SCHEME = "accessToken";
const EARLY = 60_000; // milliseconds before a token's end at which it is exchanged

const [signIn, signOut, who, said] = ["sign-in", "sign-out", "who", "said"].map((id) => document.getElementById(id));
let session = null;
let renewal = 0;

const viewer = window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "none",
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null, // which would be somebody else's
});

async function post(path, content) {
  const headers = { "content-type": "application/json" };
  if (session) headers.authorization = `Bearer ${session.accessToken}`;
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(content) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.message);
  return told;
}

function keep(answer) {
  session = answer;
  viewer.preauthorizeApiKey(SCHEME, answer.accessToken);
  clearTimeout(renewal);
  const left = Date.parse(answer.accessTokenExpireTime) - Date.now() - EARLY;
  renewal = setTimeout(renew, Math.max(left, 1000));
}

function forget() {
  clearTimeout(renewal);
  session = null;
  viewer.authActions.logout([SCHEME]);
  show();
}

function show() {
  signIn.hidden = session !== null;
  signOut.hidden = session === null;
}

async function renew() {
  try {
    keep(await post("/v1/auth/refresh", { refreshToken: session.refreshToken }));
  } catch (error) {
    forget();
    said.textContent = `The sign-in has ended: ${error.message}`;
  }
}

signIn.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  const given = Object.fromEntries([...new FormData(signIn)].filter(([, value]) => value !== ""));
  try {
    const answer = await post("/v1/auth/login", given);
    keep(answer);
    who.textContent = `Signed in as ${answer.account.email}`;
    signIn.reset();
    show();
  } catch (error) {
    said.textContent = error.message;
  }
});

signOut.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await post("/v1/auth/logout", {});
    said.textContent = "";
  } catch (error) {
    said.textContent = error.message;
  }
  forget();
});
