// The bridge of the conformance suite listens on all addresses and has no option for less: node --import ./loopback.mjs
// keeps what it starts on this machine.
import net from 'node:net';

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (port, ...rest) {
	if (typeof port !== 'number')
		return listen.call(this, port, ...rest);
	return listen.call(this, port, '127.0.0.1', ...rest.filter((argument) => typeof argument === 'function'));
};
