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

document.querySelector('#sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const said = document.querySelector('#signed-in');
  const email = document.querySelector('#email').value;
  const config = await (await fetch('/config.json')).json();
  const answer = await fetch(config.cognito_url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      ClientId: config.client_id,
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
