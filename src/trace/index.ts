export type { TraceFault, TraceMessage, TraceRecord } from './format/decoder.ts';
export type { RecordedFault } from './format/fault.ts';
export {
  isTrace,
  TraceError,
  type TraceHeader,
  type TraceProtocol,
} from './format/header.ts';
export { readTrace, type Trace, type TraceEnding } from './format/reader.ts';
export type { RecordSettings } from './record/recording.ts';
export type { FieldDifference } from './replay/align.ts';
export type { CompareOptions } from './replay/compare.ts';
export {
  type ReplayDifference,
  type ReplayPeer,
  type ReplayReport,
  replayTrace,
  showDifference,
} from './replay/replay.ts';
export * from './show.ts';
