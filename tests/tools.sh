#!/bin/sh
# Makes sure that Node.js with npm, and Chromium, are there: tests compile a TypeScript client and open the documentation page.
set -eu

have() {
  command -v "$1" >/dev/null 2>&1
}

missing() {
  have node && [ "$(node -p 'parseInt(process.versions.node)')" -ge 18 ] || echo nodejs
  have npm || echo npm
  have chromium || have chromium-browser || have google-chrome || echo chromium
}

give_up() {
  echo "The tests need Node.js 18 or later with npm, and Chromium. Missing: $1. $2" >&2
  echo 'On Debian: apt-get install nodejs npm chromium' >&2
  exit 1
}

wanted=$(missing | xargs)
[ -n "$wanted" ] || exit 0
have apt-get || give_up "$wanted" 'There is no apt-get to install them with.'
if [ "$(id -u)" = 0 ]; then
  as_root=
elif have sudo && sudo -n true 2>/dev/null; then
  as_root='sudo -n'
else
  give_up "$wanted" 'Installing them needs root, or sudo without a password.'
fi

echo "Installing $wanted"
# shellcheck disable=SC2086
{
  $as_root apt-get -qq update &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $wanted >/dev/null
} || give_up "$wanted" 'apt-get could not install them.'
wanted=$(missing | xargs)
[ -z "$wanted" ] || give_up "$wanted" 'apt-get installed what it has, but that is not enough.'
