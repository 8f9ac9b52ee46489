// commander uses node:child_process for sub-commands that are programs of their own; there are none.
'use strict';

module.exports = {};
