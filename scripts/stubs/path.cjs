// What commander uses of node:path: the name of the script, without its extension.
'use strict';

function basename(path, suffix = '') {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return suffix !== '' && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

function extname(path) {
  const name = basename(path);
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot) : '';
}

module.exports = { basename, extname };
