/** One clear sentence where Muster cannot run, before anything else is loaded. */

/** Source: `engines` and `os` of the package. */
const NODE_MIN = { major: 20, minor: 19 };
const PLATFORMS: ReadonlySet<string> = new Set(['linux', 'darwin']);

/** Undefined where all is well; else what is wrong and what to do. Imports nothing, so that it also runs on old Nodes. */
export const checkPlatform = (
  nodeVersion: string = process.versions.node,
  platform: string = process.platform,
): string | undefined => {
  if (!PLATFORMS.has(platform)) {
    const hint = platform === 'win32' ? 'use the Windows Subsystem for Linux' : 'use a Linux container';
    return `Muster runs on Linux and macOS, and this is ${platform}: ${hint}.`;
  }
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  if (major > NODE_MIN.major || (major === NODE_MIN.major && minor >= NODE_MIN.minor)) return undefined;
  return `Muster needs Node ${NODE_MIN.major}.${NODE_MIN.minor} or newer, and this is Node ${nodeVersion}: install a current one from https://nodejs.org.`;
};
