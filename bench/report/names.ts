// Names of runtimes in the report, and their colours in plots.
import type { RuntimeName } from '../types.ts';

export const RUNTIME_NAMES: Readonly<Record<RuntimeName, string>> = {
  node: 'Node',
  workerd: 'workerd',
  chromium: 'Chromium',
  service: 'service',
};

export const RUNTIME_COLOURS: Readonly<Record<RuntimeName, string>> = {
  node: '#4477aa',
  workerd: '#ee7733',
  chromium: '#228833',
  service: '#4477aa',
};
