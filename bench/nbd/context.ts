// What the cases share.

import type { PathContext } from '../path/context.ts';

export type NbdContext = Pick<PathContext, 'service' | 'folder' | 'rounds' | 'tiny' | 'progress'>;
