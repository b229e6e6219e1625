// dcmjs-dimse as a peer, for the N- services: `node dcmjs.js scp PORT` or `node dcmjs.js scu HOST PORT AET LINGER`.
// The SCP says each request as a line of JSON. The SCU reads requests as JSON lines from stdin, sends them over
// one association, says each response as a line of JSON, and waits for an event for LINGER ms before it releases.
'use strict';

const dimse = require('dcmjs-dimse');
const { Client, Dataset, Scp, Server } = dimse;
const { PresentationContextResult, TransferSyntax, Status } = dimse.constants;
const { requests, responses } = dimse;

dimse.log.setLevel('silent');

const PRINT = '1.2.840.10008.5.1.1.';
const FILM_BOX = '1.2.840.10008.5.1.1.2';
const IMAGE_BOX = '1.2.840.10008.5.1.1.4';

function say(what) {
  process.stdout.write(JSON.stringify(what) + '\n');
}

function told(message) {
  const data = message.getDataset();
  return { command: message.getCommandDataset().getElements(), data: data ? plain(data.getElements()) : null };
}

// Pixels and what dcmjs adds by itself are left out.
function plain(elements) {
  const kept = Object.entries(elements).filter(([name]) => !name.startsWith('_') && name !== 'PixelData');
  return Object.fromEntries(kept.map(([name, value]) => [name, inner(value)]));
}

function inner(value) {
  if (Array.isArray(value)) return value.map(inner);
  return value !== null && typeof value === 'object' ? plain(value) : value;
}

class Peer extends Scp {
  constructor(socket, opts) {
    super(socket, opts);
    this.made = 0;
  }

  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      const syntaxes = context.getTransferSyntaxUids();
      const wanted = syntaxes.find((uid) => uid === TransferSyntax.ImplicitVRLittleEndian) || syntaxes[0];
      context.setResult(PresentationContextResult.Accept, wanted);
    }
    this.sendAssociationAccept();
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }

  answer(service, request, callback, data) {
    say({ service, ...told(request) });
    const response = responses[`N${service}Response`].fromRequest(request);
    response.setStatus(Status.Success);
    if (data && Object.keys(data).length) response.setDataset(new Dataset(data));
    callback(response);
    return response;
  }

  nCreateRequest(request, callback) {
    const data = request.hasDataset() ? { ...plain(request.getDataset().getElements()) } : {};
    if (request.getAffectedSopClassUid() === FILM_BOX) {
      this.made += 1;
      // dcmjs takes the backslash for one between values.
      const [columns, rows] = [data.ImageDisplayFormat].flat().at(-1).split('\\').at(-1).split(',').map(Number);
      const boxes = Array.from({ length: columns * rows }, (_, at) => at + 1);
      data.ReferencedImageBoxSequence = boxes.map((at) => ({
        ReferencedSOPClassUID: IMAGE_BOX,
        ReferencedSOPInstanceUID: `1.2.4.${this.made}.${at}`,
      }));
    }
    this.answer('Create', request, callback, data);
  }

  nSetRequest(request, callback) {
    this.answer('Set', request, callback, { PatientID: 'set' });
  }

  nGetRequest(request, callback) {
    this.answer('Get', request, callback, { PrinterStatus: 'NORMAL', PrinterName: 'dcmjs', PatientName: 'Doe^Jane' });
  }

  nActionRequest(request, callback) {
    this.answer('Action', request, callback);
  }

  nDeleteRequest(request, callback) {
    this.answer('Delete', request, callback);
  }

  nEventReportRequest(request, callback) {
    this.answer('EventReport', request, callback);
  }
}

function serve(port) {
  const server = new Server(Peer);
  server.on('networkError', (error) => process.stderr.write(`${error.message}\n`));
  server.listen(port);
}

// A request: {service, class, instance, number, tags, context, data}.
function made({ service, class: uid, instance, number, tags, context, data }) {
  const meta = uid.startsWith(PRINT) ? `${PRINT}9` : context;
  const kind = requests[`N${service}Request`];
  const more = service === 'Get' ? [tags || []] : number === undefined ? [] : [number];
  const request = new kind(uid, instance, ...more, meta);
  if (data) request.setDataset(new Dataset(data));
  request.on('response', (response) => say({ service, status: response.getStatus(), ...told(response) }));
  return request;
}

function call(host, port, aet, linger) {
  const client = new Client();
  const lines = require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean);
  lines.map((line) => client.addRequest(made(JSON.parse(line))));
  client.on('nEventReportRequest', (request, callback) => {
    say({ service: 'EventReport', ...told(request) });
    const response = responses.NEventReportResponse.fromRequest(request);
    response.setStatus(Status.Success);
    callback(response);
    setImmediate(() => client.abort()); // what it lingered for has come
  });
  client.on('closed', () => process.exit());
  client.on('networkError', (error) => say({ error: error.message }));
  client.on('associationRejected', () => say({ error: 'rejected' }));
  client.send(host, port, 'DCMJS', aet, { associationLingerTimeout: linger });
}

const [mode, ...words] = process.argv.slice(2);
if (mode === 'scp') serve(Number(words[0]));
else call(words[0], Number(words[1]), words[2], Number(words[3]));
