import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'build/', 'node_modules/', 'src/spec/generated/'] },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', '*.config.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-param-reassign': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // names out of an index signature read better quoted, as in process.env['HOME']
      '@typescript-eslint/dot-notation': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      // loading them costs more than the rest of a start: the addon does the I/O
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: 'use native() of src/native.ts' }] }],
    },
  },
  {
    // decides, and does nothing: no I/O
    files: ['src/plan/**/*.ts', 'src/spec/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node:*'], message: 'policy does no I/O' },
            { group: ['**/lifecycle/*', '**/state/*', '**/cli/*'], message: 'imports go downwards only' },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process'],
    },
  },
  { files: ['src/cli/main.ts'], rules: { 'no-console': 'off' } },
  { files: ['scripts/**/*.mjs', '*.mjs'], rules: { eqeqeq: 'error', 'prefer-const': 'error', 'no-unused-vars': 'error' } },
);
