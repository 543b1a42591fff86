/**
 * Typed linting. What matters here: no promise is left floating, functions and files stay short, types are not
 * talked away, and the core stays deterministic. Formatting is Prettier's business.
 */
import tseslint from 'typescript-eslint';

const BANNED = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only: one thing has one name everywhere.' },
  {
    selector: 'TSEnumDeclaration',
    message: 'Write a union of strings: an enum is not erasable and hides numbers.',
  },
  {
    selector: 'TSModuleDeclaration[kind="namespace"]',
    message: 'Write a module: a namespace is not erasable.',
  },
  {
    selector: 'TSAsExpression > TSAsExpression',
    message: 'No double casts: narrow the value, or give its source the right type.',
  },
];

/** What would make the core answer differently on a replay. Timers, process and console already fail to compile there. */
const BANNED_IN_CORE = [
  ...BANNED,
  { selector: 'Identifier[name="Date"]', message: 'The core has no clock: time enters as `now`.' },
  {
    selector: 'MemberExpression[object.name="Math"][property.name="random"]',
    message: 'The core has no randomness: it comes from an injected, seeded source.',
  },
  {
    selector: ':function[async=true]',
    message: 'The core is synchronous: an effect goes out, an event comes in.',
  },
];

const TESTS = ['**/*.test.ts', '**/testing/**/*.ts', 'test/**/*.ts'];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/generated/**',
      '**/.muster/**',
      '**/node_modules/**',
      'test/fixtures/**',
      'out/**',
    ],
  },
  {
    files: ['packages/**/*.ts', 'test/**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: ['infra/local/tsconfig.check.json'], tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', ...BANNED],
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-var': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      // `void promise` says that somebody else looks after it, with a comment where that is not plain to see.
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // An interface may promise a Promise that an implementation in memory has at once.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Off: it does not see that a call, an await or a peer changed a state which was narrowed before.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['packages/core/src/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': ['error', ...BANNED_IN_CORE] },
  },
  {
    // Tests build odd values on purpose, and a story may be long; what they await must still be awaited.
    files: TESTS,
    rules: {
      'max-lines': ['error', { max: 800 }],
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Their readers insist on a default export.
    files: ['**/*.config.ts', 'test/closing-line.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
);
