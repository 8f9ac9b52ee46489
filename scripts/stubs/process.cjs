// What commander asks of node:process while it makes a help text: nothing that decides anything.
'use strict';

module.exports = { argv: [], env: {}, execArgv: [], versions: {}, stdout: {}, stderr: {} };
