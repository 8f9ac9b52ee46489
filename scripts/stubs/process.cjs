// node:process is the global one.
'use strict';

module.exports = globalThis.process;
