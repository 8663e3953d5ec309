/** The schema library of Souk, for modules by others: schemas of one library fit each other. */
export { z } from 'zod';
