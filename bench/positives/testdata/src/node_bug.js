// A node server whose handler waits for a child: node_bug.js exec|spawn PORT N. It ends after N blocked handlers and prints their number.
const net = require('net');
const { execSync, spawnSync } = require('child_process');
const [kind, port, most] = process.argv.slice(2);
let counted = 0;

function end() {
  console.log('counted ' + counted);
  process.exit();
}

net.createServer((conn) => {
  conn.on('data', () => {
    if (kind === 'exec') execSync('sleep 0.2');
    else spawnSync('sleep', ['0.2']);
    counted++;
    conn.write('done\n');
    if (counted === Number(most)) setTimeout(end, 50); // the last handler returns to the wait, too
  });
}).listen(Number(port), '127.0.0.1');
