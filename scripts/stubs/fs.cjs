// commander uses node:fs for sub-commands that are programs of their own; there are none.
'use strict';

module.exports = {};
