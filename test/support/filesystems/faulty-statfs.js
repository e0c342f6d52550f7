// The ram filesystem whose statfs never answers, without options: for the mount command.
import faulty from './faulty.js';

export default (environment) => faulty(environment, { statfs: 'never' });
