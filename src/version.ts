declare const TSRUN_VERSION: string | undefined;
declare const TSRUN_COMMIT: string | undefined;
declare const TSRUN_DATE: string | undefined;
declare const TSRUN_ENGINE: string | undefined;

/** The release; the build puts package.json's in. */
export const version: string = typeof TSRUN_VERSION === 'string' ? TSRUN_VERSION : '0.1.0';

/** The commit it was built from. */
export const commit: string = typeof TSRUN_COMMIT === 'string' ? TSRUN_COMMIT : 'unknown';

/** The commit's day, `YYYY-MM-DD`: the manual page's date. */
export const date: string = typeof TSRUN_DATE === 'string' ? TSRUN_DATE : '2026-01-01';

/** What runs this, and its version. */
export const engine = (): string => (typeof TSRUN_ENGINE === 'string' ? TSRUN_ENGINE : `node ${process.versions.node}`);

/** The version of the OCI runtime specification that is implemented. */
export const specVersion = '1.3.0';
