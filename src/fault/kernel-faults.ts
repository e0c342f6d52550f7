/** What the surroundings of a link or filesystem can do to processes, caches and clocks. What is missing, a plan cannot ask for. */
export interface KernelFaults {
  /** SIGKILL for the process of a request. */
  kill?(pid: number): void;
  /** A signal whose handler returns. */
  interrupt?(pid: number): void;
  dropPages?(): void;
  dropDentries?(): void;
  /** The time of day moves on by so many milliseconds, or back. */
  jump?(ms: number): void;
  /** The connection ends as if the daemon had died. */
  crash?(): void;
  /** A new daemon in the place of the old one, which says nothing any more. The new one waits for INIT. */
  restart?(): void;
}
