'use strict';

// A write needs a key of its own each time, unless somebody means to repeat one and typed it in.
const EXAMPLE_KEY = '01JDEXAMPLEKEY0000000000000';
const withFreshKey = (request) => {
  if (request.headers?.['Idempotency-Key'] === EXAMPLE_KEY) request.headers['Idempotency-Key'] = crypto.randomUUID();
  return request;
};

const ui = SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  requestInterceptor: withFreshKey,
});

const config = fetch('/config.json').then((answer) => answer.json());

// Elsewhere a password never leaves the client that knows it (SRP); its access token goes into Authorize.
config.then(({ stage }) => {
  if (['local', 'dev'].includes(stage)) return;
  const instead = 'To try it, sign in with your client, and give its access token to Authorize.';
  document.querySelector('#sign-in').replaceChildren(instead);
});

document.querySelector('#sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const said = document.querySelector('#signed-in');
  const email = document.querySelector('#email').value;
  const { cognito_url: cognito, client_id: client } = await config;
  const answer = await fetch(cognito, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      ClientId: client,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: document.querySelector('#password').value },
    }),
  });
  const result = await answer.json();
  if (!answer.ok) {
    said.textContent = result.message || 'That did not work';
    return;
  }
  ui.preauthorizeApiKey('accessToken', result.AuthenticationResult.AccessToken);
  said.textContent = `Signed in as ${email}`;
});
